"""The kernel distance (MMD): whole, over subsets, and by KID's protocol."""
