// The whole pipeline over logs that survive and a process that does not: whatever fails and
// whenever it crashes, nothing is lost, and no key is overtaken by itself among first deliveries.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bridge/pipeline.h"

namespace weir::bridge {
namespace {

constexpr int kKeys = 7;
constexpr int64_t kRecords = 400;

struct Stored {
  int id = 0;
  std::string key;
  int attempts = 0;
  int64_t not_before_ms = 0;
};

// What outlives a crash: the logs, the commits, and what the service has seen.
struct World {
  std::vector<std::vector<Stored>> logs;  // the topic, then the retry topics
  std::vector<Position> committed;
  std::vector<Stored> dead_letters;
  std::vector<int> deliveries;  // ids, in the order in which the service was sent them
  std::vector<int> successes;   // ids, in the order in which it had them for good
  std::set<int> done;           // ids that were delivered with success
  size_t repeats = 0;           // further successes of such ids
  int poisoned_every = 0;       // 0, or ids that it divides always fail
};

class Process {
 public:
  Process(World& world, PipelineOptions options, Rng rng)
      : world_(world), rng_(rng), pipeline_(std::move(options), rng.fork()) {
    group_ = pipeline_.assign(0, world.committed);
    for (const Position& position : world.committed) read_.push_back(position.offset);
  }

  // One random move of the outside world. False when all is done.
  bool step() {
    now_.steady += std::chrono::milliseconds(5);
    now_.wall_ms += 5;
    switch (rng_.below(8)) {
      case 0:
      case 1:
      case 2: return read(), true;
      case 3:
      case 4: return start(), true;
      case 5:
      case 6: return end_one(), true;
      default: return rng_.below(10) == 0 ? commit() : true;
    }
  }

  // How many deliveries a crash now may repeat.
  size_t repeatable() const { return pipeline_.out() + completions_; }

 private:
  void read() {
    const auto tier = static_cast<int>(rng_.below(world_.logs.size()));
    const auto at = static_cast<size_t>(tier);
    if (read_[at] >= static_cast<int64_t>(world_.logs[at].size())) {
      pipeline_.reached_end(group_, tier);
      return;
    }
    if (!pipeline_.wants(group_, tier)) return;
    const Stored& stored = world_.logs[at][static_cast<size_t>(read_[at])];
    auto record = std::make_unique<Record>();
    record->group = group_;
    record->tier = tier;
    record->offset = read_[at]++;
    record->key = stored.key;
    record->has_key = true;
    record->value = std::to_string(stored.id);
    record->attempts = stored.attempts;
    record->not_before_ms = stored.not_before_ms;
    pipeline_.arrive(std::move(record), now_);
  }

  void start() {
    const Door door = pipeline_.door(now_);
    if (door == Door::kNobody) return;
    Record& record = pipeline_.take(now_);
    if (door == Door::kFollow) {
      record.not_before_ms = 0;
      move(record, record.tier + 1);
      return;
    }
    // The service takes it the moment it is sent, whatever becomes of the answer.
    const int id = std::stoi(record.value);
    world_.deliveries.push_back(id);
    out_.push_back(&record);
  }

  void end_one() {
    if (out_.empty()) return;
    const size_t i = rng_.below(out_.size());
    Record& record = *out_[i];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
    const int id = std::stoi(record.value);
    Delivery delivery;
    if (world_.poisoned_every > 0 && id % world_.poisoned_every == 0) {
      delivery.answer = Answer::kFailed;
    } else if (rng_.below(4) == 0) {
      delivery.answer = rng_.below(2) == 0 ? Answer::kOverloaded : Answer::kTimedOut;
    }
    const Decision decision = pipeline_.delivered(record, delivery, false, now_);
    switch (decision.step) {
      case Step::kDone:
        ++completions_;
        world_.successes.push_back(id);
        if (!world_.done.insert(id).second) ++world_.repeats;
        break;
      case Step::kAgain: break;
      case Step::kRetryTopic: move(record, decision.tier); break;
      case Step::kDeadLetter: move(record, 0); break;
    }
  }

  void move(Record& record, int tier) {
    if (rng_.below(10) == 0) return pipeline_.put_back(record, std::chrono::milliseconds(10), now_);
    const Stored stored{std::stoi(record.value), record.key, record.attempts, record.not_before_ms};
    auto& log = tier == 0 ? world_.dead_letters : world_.logs[static_cast<size_t>(tier)];
    log.push_back(stored);
    ++completions_;
    pipeline_.moved(record, tier, static_cast<int64_t>(log.size()) - 1);
  }

  bool commit() {
    bool all_done = out_.empty() && pipeline_.held() == 0;
    for (size_t tier = 0; tier < world_.logs.size(); ++tier) {
      world_.committed[tier] = pipeline_.tracker(group_, static_cast<int>(tier)).position();
      all_done &= world_.committed[tier].offset == static_cast<int64_t>(world_.logs[tier].size());
    }
    completions_ = 0;
    return !all_done;
  }

  World& world_;
  Rng rng_;
  Pipeline pipeline_;
  uint32_t group_ = 0;
  Now now_{Instant{} + std::chrono::hours(1), 1'000'000};
  std::vector<int64_t> read_;
  std::vector<Record*> out_;
  size_t completions_ = 0;  // since the last commit
};

World make_world(int tiers, int poisoned_every, Rng& rng) {
  World world;
  world.poisoned_every = poisoned_every;
  world.logs.resize(static_cast<size_t>(tiers) + 1);
  world.committed.resize(world.logs.size());
  for (int id = 1; id <= kRecords; ++id) {
    Stored stored;
    stored.id = id;
    stored.key = std::string("k") + static_cast<char>('0' + rng.below(kKeys));
    world.logs[0].push_back(stored);
  }
  return world;
}

void expect_key_order(const World& world, const std::vector<int>& ids) {
  std::map<int, std::string> key_of;
  for (const Stored& stored : world.logs[0]) key_of[stored.id] = stored.key;
  // A record that was given up once has no place in the order, even if a crash brings it back.
  std::set<int> seen;
  for (const Stored& stored : world.dead_letters) seen.insert(stored.id);
  std::map<std::string, int> newest;
  for (const int id : ids) {
    if (!seen.insert(id).second) continue;
    int& last = newest[key_of[id]];
    EXPECT_GT(id, last) << "an inversion within " << key_of[id];
    last = std::max(last, id);
  }
}

class PipelineProperty : public testing::TestWithParam<uint64_t> {};

TEST_P(PipelineProperty, NothingIsLostAndNoKeyIsOvertakenOverCrashes) {
  const uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rng rng(seed);
  const int tiers = static_cast<int>(rng.below(3));
  PipelineOptions options;
  options.ordering = Ordering::kKey;
  options.retry = {
      .attempts = 2,
      .backoff_base = std::chrono::milliseconds(20),
      .tiers = std::vector<Duration>(static_cast<size_t>(tiers), std::chrono::milliseconds(100))};
  World world = make_world(tiers, rng.below(2) == 0 ? 0 : 29, rng);
  size_t repeats_max = 0;  // what all crashes together may repeat
  bool done = false;
  for (int life = 0; !done; ++life) {
    ASSERT_LT(life, 1000);
    Process process(world, options, rng.fork());
    const auto steps = life < 12 ? rng.below(3000) : 1'000'000;
    for (uint64_t i = 0; i < steps && !done; ++i) done = !process.step();
    repeats_max += process.repeatable();
  }
  EXPECT_LE(world.repeats, repeats_max);
  std::set<int> accounted = world.done;
  for (const Stored& stored : world.dead_letters) accounted.insert(stored.id);
  EXPECT_EQ(accounted.size(), static_cast<size_t>(kRecords));
  if (world.poisoned_every > 0) {
    std::set<int> dead;
    for (const Stored& stored : world.dead_letters) dead.insert(stored.id);
    for (int id = world.poisoned_every; id <= kRecords; id += world.poisoned_every)
      EXPECT_TRUE(dead.contains(id)) << "poisoned record " << id << " reached no dead letters";
  }
  expect_key_order(world, world.deliveries);
  expect_key_order(world, world.successes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineProperty, testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace weir::bridge
