#include "bridge/key_lanes.h"

#include "bridge/key_hash.h"
#include "weir/base/assert.h"

namespace weir::bridge {

KeyLanes::~KeyLanes() {
  for (auto& [id, lane] : lanes_) {
    for (Record* record = lane.head; record != nullptr;) delete std::exchange(record, record->next);
  }
}

void KeyLanes::push(std::unique_ptr<Record> owned, Instant not_before) {
  Record* record = owned.release();
  record->next = nullptr;
  record->due = not_before;
  record->lane = lane_of(*record);
  ++size_;
  Lane& lane = lanes_[record->lane];
  if (lane.head == nullptr) {
    lane.head = lane.tail = record;
    schedule(record->lane, lane);
  } else {
    lane.tail = lane.tail->next = record;
  }
}

Record* KeyLanes::peek(Instant now) {
  while (!held_.empty() && held_.top().until <= now) {
    const Turn turn = held_.top().turn;
    held_.pop();
    if (Lane* lane = valid(turn)) {
      lane->state = State::kReady;
      ready_.push(turn);
    }
  }
  while (!ready_.empty()) {
    if (const Lane* lane = valid(ready_.front())) return lane->head;
    ready_.pop();
  }
  return nullptr;
}

Record& KeyLanes::next(Instant now) {
  Record* record = peek(now);
  WEIR_ASSERT(record != nullptr);
  ready_.pop();
  lanes_.at(record->lane).state = State::kOut;
  ++out_;
  return *record;
}

std::unique_ptr<Record> KeyLanes::finish(Record& record) {
  const auto found = lanes_.find(record.lane);
  WEIR_ASSERT(found != lanes_.end());
  Lane& lane = found->second;
  WEIR_ASSERT(lane.state == State::kOut && lane.head == &record);
  --out_;
  --size_;
  lane.head = record.next;
  if (lane.head == nullptr) {
    lanes_.erase(found);
  } else {
    schedule(record.lane, lane);
  }
  return std::unique_ptr<Record>(&record);
}

void KeyLanes::hold(Record& record, Instant until) {
  Lane& lane = lanes_.at(record.lane);
  WEIR_ASSERT(lane.state == State::kOut && lane.head == &record);
  --out_;
  record.due = until;
  schedule(record.lane, lane);
}

std::vector<std::unique_ptr<Record>> KeyLanes::take(uint32_t source) {
  std::vector<std::unique_ptr<Record>> taken;
  for (auto entry = lanes_.begin(); entry != lanes_.end();) {
    Lane& lane = entry->second;
    if (lane.head->source() != source) {
      ++entry;
      continue;
    }
    const bool is_out = lane.state == State::kOut;
    Record* record = is_out ? std::exchange(lane.head->next, nullptr) : lane.head;
    while (record != nullptr) taken.emplace_back(std::exchange(record, record->next));
    if (is_out) {
      lane.tail = lane.head;
      ++entry;
    } else {
      entry = lanes_.erase(entry);
    }
  }
  size_ -= taken.size();
  return taken;
}

uint64_t KeyLanes::lane_of(const Record& record) noexcept {
  switch (ordering_) {
    case Ordering::kUnordered: break;
    case Ordering::kPartition: return key_hash(record.source(), {});
    case Ordering::kKey:
      if (record.has_key) return key_hash(record.source(), record.key);
      break;
  }
  // Odd, where hashes are even: a record without order never meets a lane.
  return lone_ += 2;
}

void KeyLanes::schedule(uint64_t id, Lane& lane) {
  lane.turn = ++turn_;
  if (lane.head->due == Instant{}) {
    lane.state = State::kReady;
    ready_.push({id, lane.turn});
  } else {
    lane.state = State::kHeld;
    held_.push({lane.head->due, {id, lane.turn}});
  }
}

KeyLanes::Lane* KeyLanes::valid(Turn turn) noexcept {
  const auto found = lanes_.find(turn.lane);
  return found == lanes_.end() || found->second.turn != turn.turn ? nullptr : &found->second;
}

}  // namespace weir::bridge
