#include "lab/station.h"

#include <algorithm>

#include "weir/base/assert.h"

namespace weir::lab {

Station::Station(StationOptions options) : options_(options) {}

Station::Arrival Station::arrive(JobId job, Instant now) {
  ++stats_.arrivals;
  if (stats_.in_flight < able()) {
    WEIR_ASSERT(queue_.empty());
    caller_left_[job] = false;
    ++stats_.in_flight;
    return Arrival::kStarted;
  }
  if (queue_.size() >= options_.queue_max) {
    ++stats_.refused;
    return Arrival::kRefused;
  }
  caller_left_[job] = false;
  queue_.push_back({job, now});
  return Arrival::kQueued;
}

std::optional<Station::Start> Station::finish(JobId job, Instant due) {
  const auto found = caller_left_.find(job);
  WEIR_ASSERT(found != caller_left_.end());
  ++stats_.completions;
  if (found->second) ++stats_.wasted;
  caller_left_.erase(found);
  --stats_.in_flight;
  return start_next(due);
}

std::optional<Station::Start> Station::start_next(Instant worker_free) {
  if (queue_.empty() || stats_.in_flight >= able()) return std::nullopt;
  const Waiting next = queue_.front();
  queue_.pop_front();
  ++stats_.in_flight;
  return Start{next.job, std::max(next.arrived, worker_free)};
}

void Station::caller_left(JobId job) {
  const auto found = caller_left_.find(job);
  if (found != caller_left_.end()) found->second = true;
}

std::vector<Station::Start> Station::lose_workers(uint32_t lost, Instant now) {
  lost_ = std::min(lost, options_.workers);
  std::vector<Start> starts;
  while (const auto start = start_next(now)) starts.push_back({start->job, now});
  return starts;
}

StationStats Station::stats() const {
  StationStats stats = stats_;
  stats.queued = queue_.size();
  stats.workers = able();
  return stats;
}

}  // namespace weir::lab
