# The mock cluster.
set(links weir_lab)
