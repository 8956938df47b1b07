"""How latent numbers and attributes go together: DCI, MIG, SAP, separability, correlation."""
