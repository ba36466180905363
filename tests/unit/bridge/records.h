// Records for tests.
#pragma once

#include <memory>
#include <string>

#include "bridge/record.h"

namespace weir::bridge {

inline std::unique_ptr<Record> make_record(int64_t offset, std::string key, uint32_t group = 1,
                                           int tier = 0) {
  auto record = std::make_unique<Record>();
  record->group = group;
  record->tier = tier;
  record->offset = offset;
  record->has_key = !key.empty();
  record->key = std::move(key);
  return record;
}

/// An instant of the test's own time.
inline Instant at_ms(int64_t ms) {
  return Instant{} + std::chrono::milliseconds(ms);
}

}  // namespace weir::bridge
