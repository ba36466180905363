#include "bridge/pipeline.h"

#include "bridge/key_hash.h"
#include "weir/base/assert.h"

namespace weir::bridge {

struct Pipeline::Group {
  int32_t partition = 0;
  bool stopped = false;
  bool released = false;
  size_t out = 0;
  std::vector<Stream> streams;
  ParkedKeys parked;
};

Pipeline::Pipeline(PipelineOptions options, Rng rng)
    : options_(std::move(options)),
      router_(options_.retry, options_.ordering),
      rng_(rng),
      lanes_(options_.ordering),
      budget_(options_.bytes_max),
      retry_budget_(options_.retry_bytes_max) {}

Pipeline::~Pipeline() = default;

uint32_t Pipeline::assign(int32_t partition, const std::vector<Position>& positions) {
  auto group = std::make_unique<Group>();
  group->partition = partition;
  group->streams.resize(static_cast<size_t>(tier_count()) + 1);
  for (size_t tier = 0; tier < group->streams.size() && tier < positions.size(); ++tier)
    if (positions[tier].offset >= 0) group->streams[tier].tracker.restore(positions[tier]);
  groups_[++last_group_] = std::move(group);
  return last_group_;
}

void Pipeline::stop(uint32_t id) {
  Group& group = group_of(id);
  group.stopped = true;
  for (int tier = 0; tier <= tier_count(); ++tier) {
    Record probe;
    probe.group = id;
    probe.tier = tier;
    for (const auto& record : lanes_.take(probe.source())) drop(*record);
  }
}

void Pipeline::release(uint32_t id) {
  Group& group = group_of(id);
  WEIR_ASSERT(group.stopped);
  group.released = true;
  forget_if_empty(id);
}

bool Pipeline::wants(uint32_t id, int tier) {
  const Group& group = group_of(id);
  if (group.stopped || !budget(tier).open()) return false;
  if (group.streams[static_cast<size_t>(tier)].tracker.full()) return false;
  if (options_.ordering != Ordering::kKey) return true;
  for (size_t above = static_cast<size_t>(tier) + 1; above < group.streams.size(); ++above)
    if (!group.streams[above].indexed) return false;
  return true;
}

void Pipeline::arrive(std::unique_ptr<Record> record, Now now) {
  Group& group = group_of(record->group);
  Stream& stream = group.streams[static_cast<size_t>(record->tier)];
  const Arrived arrived = stream.tracker.arrive(record->offset);
  if (arrived == Arrived::kDone) return;
  if (arrived == Arrived::kRewound) ++rewinds_;
  record->generation = stream.tracker.generation();
  if (record->tier > 0 && keyed(*record))
    group.parked.arrived(record->tier, record->offset, key_hash(0, record->key));
  budget(record->tier).take(record->bytes());
  ++stream.held;
  const int64_t wait_ms = record->not_before_ms - now.wall_ms;
  lanes_.push(std::move(record),
              wait_ms > 0 ? now.steady + std::chrono::milliseconds(wait_ms) : Instant{});
}

void Pipeline::skip(uint32_t id, int tier, int64_t offset) {
  OffsetTracker& tracker = group_of(id).streams[static_cast<size_t>(tier)].tracker;
  if (tracker.arrive(offset) != Arrived::kDone) tracker.complete(offset);
}

void Pipeline::reached_end(uint32_t id, int tier) {
  group_of(id).streams[static_cast<size_t>(tier)].indexed = true;
}

bool Pipeline::indexed(uint32_t id, int tier) const {
  return group_of(id).streams[static_cast<size_t>(tier)].indexed;
}

Door Pipeline::door(Now now) {
  const Record* record = lanes_.peek(now.steady);
  if (record == nullptr) return Door::kNobody;
  const bool follows =
      keyed(*record) &&
      group_of(record->group).parked.parked_above(record->tier, key_hash(0, record->key));
  return follows ? Door::kFollow : Door::kDeliver;
}

Record& Pipeline::take(Now now) {
  Record& record = lanes_.next(now.steady);
  ++group_of(record.group).out;
  return record;
}

Decision Pipeline::delivered(Record& record, const Delivery& delivery, bool service_failing,
                             Now now) {
  const Decision decision = router_.decide(record, delivery, service_failing, rng_);
  if (decision.counts) ++record.attempts;
  record.error = delivery.error;
  switch (decision.step) {
    case Step::kDone: finish(record); break;
    case Step::kAgain: put_back(record, decision.delay, now); break;
    case Step::kRetryTopic:
      record.not_before_ms =
          now.wall_ms +
          std::chrono::duration_cast<std::chrono::milliseconds>(decision.delay).count();
      break;
    case Step::kDeadLetter: record.not_before_ms = 0; break;
  }
  return decision;
}

void Pipeline::moved(Record& record, int tier, int64_t offset) {
  Group& group = group_of(record.group);
  if (tier > 0 && keyed(record)) {
    const int64_t read_next = group.streams[static_cast<size_t>(tier)].tracker.next();
    group.parked.announced(tier, offset, key_hash(0, record.key), read_next);
  }
  finish(record);
}

void Pipeline::put_back(Record& record, Duration delay, Now now) {
  const uint32_t id = record.group;
  Group& group = group_of(id);
  --group.out;
  lanes_.hold(record, now.steady + delay);
  if (!group.stopped) return;
  for (const auto& dropped : lanes_.take(record.source())) drop(*dropped);
  forget_if_empty(id);
}

const OffsetTracker& Pipeline::tracker(uint32_t group, int tier) const {
  return group_of(group).streams[static_cast<size_t>(tier)].tracker;
}

size_t Pipeline::out(uint32_t group) const {
  return group_of(group).out;
}

size_t Pipeline::held(uint32_t group, int tier) const {
  return group_of(group).streams[static_cast<size_t>(tier)].held;
}

size_t Pipeline::parked() const noexcept {
  size_t sum = 0;
  for (const auto& [id, group] : groups_) sum += group->parked.size();
  return sum;
}

Pipeline::Group& Pipeline::group_of(uint32_t group) const {
  const auto found = groups_.find(group);
  WEIR_ASSERT(found != groups_.end());
  return *found->second;
}

bool Pipeline::keyed(const Record& record) const noexcept {
  return options_.ordering == Ordering::kKey && record.has_key;
}

// The record leaves the process unfinished; whoever owns its partition next gets it again.
void Pipeline::drop(Record& record) {
  budget(record.tier).give(record.bytes());
  --group_of(record.group).streams[static_cast<size_t>(record.tier)].held;
}

void Pipeline::finish(Record& record) {
  const uint32_t id = record.group;
  Group& group = group_of(id);
  Stream& stream = group.streams[static_cast<size_t>(record.tier)];
  const std::unique_ptr<Record> owned = lanes_.finish(record);
  --group.out;
  drop(*owned);
  if (owned->generation == stream.tracker.generation()) stream.tracker.complete(owned->offset);
  if (owned->tier > 0 && keyed(*owned)) group.parked.left(owned->tier, key_hash(0, owned->key));
  forget_if_empty(id);
}

void Pipeline::forget_if_empty(uint32_t id) {
  const auto found = groups_.find(id);
  if (found->second->released && found->second->out == 0) groups_.erase(found);
}

}  // namespace weir::bridge
