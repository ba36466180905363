// The process around a Service: its loop, its signals, its first line of output.
#pragma once

#include "lab/service.h"

namespace weir::lab {

/// Serves until SIGINT or SIGTERM. Prints "NAME listens on http://HOST:PORT" once it can be called.
/// Errors: kUnavailable when the address cannot be had.
Expected<void> run_service(const net::Address& listen, ServiceOptions options);

/// Raises the soft limit of open files to the hard one: open-loop callers need many connections.
void raise_file_limit();

}  // namespace weir::lab
