"""What the cloud costs on this machine: ``make bench``. Never imported by the product."""
