"""How many processes this machine, container or job has room for."""
