// What a gRPC status means for a record.
#pragma once

#include <string_view>

#include "bridge/retry_router.h"

namespace weir::bridge {

/// `status` and the other two as the fields grpc-status, grpc-message (percent-encoded) and
/// grpc-retry-pushback-ms say; empty when there were none.
///
/// OK and ALREADY_EXISTS are delivered: deliveries repeat, and who knows the record already has it.
/// RESOURCE_EXHAUSTED and UNAVAILABLE are overload; DEADLINE_EXCEEDED is a time-out. What names the
/// record itself is rejected (INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION,
/// OUT_OF_RANGE). All else failed, also UNIMPLEMENTED and UNAUTHENTICATED: a wrong deployment must
/// not send a topic to the dead letters. So does a missing or unreadable status.
Delivery delivery_of_grpc(std::string_view status, std::string_view message,
                          std::string_view pushback_ms);

}  // namespace weir::bridge
