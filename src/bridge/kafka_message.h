// A librdkafka message as a record of our own.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

#include "bridge/record.h"

namespace weir::bridge {

/// Copies key, value, headers, timestamp and offset.
std::unique_ptr<Record> copy_record(const rd_kafka_message_t& message);

}  // namespace weir::bridge
