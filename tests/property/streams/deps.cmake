set(links weir_exec)
