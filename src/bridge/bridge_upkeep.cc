// What happens beside the way of a record: partitions that come and go, commits, the watchdog.
#include <algorithm>

#include "bridge/bridge.h"

namespace weir::bridge {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kControlMin = std::chrono::milliseconds(10);
// The group is gathering, or the last commit is not answered.
constexpr Duration kCommitAgain = std::chrono::milliseconds(20);
constexpr Duration kCloseLook = std::chrono::milliseconds(10);

const char* remedy_name(Remedy remedy) {
  switch (remedy) {
    case Remedy::kNone: return "none";
    case Remedy::kReread: return "reread";
    case Remedy::kSeek: return "seek";
    case Remedy::kRejoin: return "rejoin";
  }
  return "?";
}

}  // namespace

void Bridge::claimed(const std::vector<Claim>& claims) {
  for (const Claim& claim : claims) {
    Partition& mine = partitions_[claim.partition];
    mine = {};
    mine.group = pipeline_.assign(claim.partition, claim.positions);
    for (int tier = 0; tier <= pipeline_.tier_count(); ++tier)
      mine.committed.push_back(pipeline_.tracker(mine.group, tier).progress());
    if (done_) pipeline_.stop(mine.group);  // too late: we are leaving
  }
  log_.write(observe::LogLevel::kInfo, "assigned", "partitions came",
             {{"came", static_cast<int64_t>(claims.size())},
              {"now", static_cast<int64_t>(partitions_.size())}});
}

void Bridge::revoking(const std::vector<int32_t>& partitions, bool lost) {
  loop_.update_now();
  group_waits_ = true;
  if (!revocation_.idle()) return;  // all of them are leaving already, see drain_all()
  for (const int32_t partition : partitions) {
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) continue;
    leaving_.push_back(partition);
    pipeline_.stop(found->second.group);
  }
  log_.write(observe::LogLevel::kInfo, "revoking", lost ? "partitions are lost" : "partitions go",
             {{"going", static_cast<int64_t>(leaving_.size())}, {"lost", lost}});
  revocation_.begin(lost, loop_.now());
  advance_revocation();
}

void Bridge::advance_revocation() {
  const Instant now = loop_.update_now();
  for (;;) {
    size_t out = 0;
    for (const int32_t partition : leaving_) out += pipeline_.out(partitions_.at(partition).group);
    if (leaving_commit_due_) commit_leaving();
    if (!revocation_.advance(out, now)) break;
    if (revocation_.phase() == RevokeHandler::Phase::kReleasing) return release_leaving();
    leaving_commit_due_ = true;  // the drain has ended
    if (revocation_.cut_short()) ++counts_.cut_drains;
  }
  const Instant deadline = revocation_.deadline();
  revoke_timer_.arm(leaving_commit_due_ ? std::min(deadline, now + kCommitAgain) : deadline);
}

void Bridge::commit_leaving() {
  if (!source_->may_commit()) return;
  leaving_commit_due_ = false;
  if (!commit_partitions(leaving_)) revocation_.committed();
}

void Bridge::release_leaving() {
  for (const int32_t partition : leaving_) {
    pipeline_.release(partitions_.at(partition).group);
    partitions_.erase(partition);
  }
  leaving_.clear();
  leaving_commit_due_ = false;
  revoke_timer_.cancel();
  revocation_.released();
  if (std::exchange(group_waits_, false)) source_->release();
  if (done_) drain_all();
  loop_.post(work_task_);
}

// The shutdown commits before it leaves: a consumer that closes while the group gathers can no
// longer commit.
void Bridge::drain_all() {
  if (!revocation_.idle()) return;  // comes again after it
  for (const auto& [partition, mine] : partitions_) leaving_.push_back(partition);
  if (leaving_.empty()) {
    source_->close();
    return check_closed();
  }
  for (const int32_t partition : leaving_) pipeline_.stop(partitions_.at(partition).group);
  revocation_.begin(false, loop_.update_now());
  advance_revocation();
}

void Bridge::commit() {
  commit_timer_.arm(loop_.now() + options_.consume.commit_interval);
  std::vector<int32_t> all;
  for (const auto& [partition, mine] : partitions_) all.push_back(partition);
  commit_partitions(all);
}

// True when something was sent.
bool Bridge::commit_partitions(const std::vector<int32_t>& partitions) {
  if (!source_->may_commit()) return false;
  std::vector<Commit> commits;
  commit_out_.clear();
  for (const int32_t partition : partitions) {
    Partition& mine = partitions_.at(partition);
    for (int tier = 0; tier <= pipeline_.tier_count(); ++tier) {
      const OffsetTracker& tracker = pipeline_.tracker(mine.group, tier);
      uint64_t& last = mine.committed[static_cast<size_t>(tier)];
      if (tracker.front() < 0 || tracker.progress() == last) continue;
      last = tracker.progress();
      commits.push_back({partition, tier, tracker.position()});
      commit_out_.emplace_back(partition, tier);
    }
  }
  if (!source_->commit(commits)) return false;
  ++counts_.commits;
  return true;
}

void Bridge::committed(const std::string& error, bool fenced) {
  if (!error.empty()) {
    ++counts_.commit_errors;
    log_.write(observe::LogLevel::kWarning, "commit_failed", error);
    // Send them again with the next commit.
    for (const auto& [partition, tier] : commit_out_)
      if (const auto found = partitions_.find(partition); found != partitions_.end())
        found->second.committed[static_cast<size_t>(tier)] = UINT64_MAX;
  }
  if (revocation_.phase() != RevokeHandler::Phase::kCommitting) return;
  if (!error.empty() && !fenced) {
    leaving_commit_due_ = true;
    return revoke_timer_.arm(std::min(revocation_.deadline(), loop_.now() + kCommitAgain));
  }
  if (fenced || !leaving_commit_due_) revocation_.committed();
  advance_revocation();
}

void Bridge::source_troubled(const std::string& what) {
  log_.write(observe::LogLevel::kWarning, "kafka_trouble", what);
}

void Bridge::source_failed(const Error& error) {
  if (const auto failed = std::exchange(failed_, nullptr)) failed(error);
}

void Bridge::on_control() {
  const Instant now = loop_.update_now();
  const auto waiting = static_cast<uint32_t>(pipeline_.held() - pipeline_.out());
  const uint32_t before = pace_->limiter().limit();
  pace_->tick(waiting, now);
  if (pace_->limiter().limit() > before) loop_.post(work_task_);
  control_timer_.arm(std::max(pace_->next_tick(), now + kControlMin));
}

void Bridge::on_second() {
  const Instant now = loop_.update_now();
  for (auto& [partition, mine] : partitions_) watch(partition, mine, now);
  publish();
  second_timer_.arm(now + kSecond);
}

void Bridge::watch(int32_t partition, Partition& mine, Instant now) {
  size_t held = 0;
  uint64_t progress = 0;
  int unread = 0;  // the highest tier that was not read to its end, if any
  for (int tier = 0; tier <= pipeline_.tier_count(); ++tier) {
    held += pipeline_.held(mine.group, tier);
    progress += pipeline_.tracker(mine.group, tier).progress();
    if (tier > 0 && !pipeline_.indexed(mine.group, tier)) unread = tier;
  }
  const OffsetTracker& tracker = pipeline_.tracker(mine.group, 0);
  const int64_t lag = source_->end_offset(partition, 0) - std::max<int64_t>(tracker.front(), 0);
  const bool may_read = unread > 0 || pipeline_.wants(mine.group, 0);
  const Remedy remedy = mine.dog.check(may_read ? lag : 0, held, progress, now);
  if (remedy == Remedy::kNone) return;
  ++counts_.stalls;
  log_.write(observe::LogLevel::kWarning, "stalled", "a partition does not move",
             {{"partition", int64_t{partition}},
              {"lag", lag},
              {"remedy", remedy_name(remedy)},
              {"stalled_s", to_seconds(mine.dog.stalled(now))}});
  switch (remedy) {
    case Remedy::kNone: break;
    case Remedy::kReread: source_->pump(); break;
    case Remedy::kSeek: {
      const int64_t next = pipeline_.tracker(mine.group, unread).next();
      if (next >= 0) source_->seek(partition, unread, next);
      break;
    }
    case Remedy::kRejoin: source_->rejoin(); break;
  }
}

void Bridge::publish() {
  BridgeStats stats = counts_;
  stats.fetched = source_->fetched();
  stats.in_flight = pace_->limiter().inflight();
  stats.limit = pace_->limiter().limit();
  stats.held = pipeline_.held();
  stats.bytes = pipeline_.bytes();
  stats.parked_keys = pipeline_.parked();
  stats.breaker = to_string(pace_->breaker().state());
  stats.holding = pace_->hold().testing();
  stats.draining = done_ != nullptr;
  for (const auto& [partition, mine] : partitions_) {
    PartitionStats one;
    one.partition = partition;
    one.position = pipeline_.tracker(mine.group, 0).front();
    const int64_t end = source_->end_offset(partition, 0);
    one.lag = end < 0 ? -1 : end - std::max<int64_t>(one.position, 0);
    for (int tier = 0; tier <= pipeline_.tier_count(); ++tier)
      one.held += pipeline_.held(mine.group, tier);
    one.stalled = mine.dog.stalled(loop_.now());
    stats.partitions.push_back(one);
  }
  published_.write(stats);
  heartbeat_.store(loop_.now(), std::memory_order_relaxed);
}

void Bridge::drain(std::function<void()> done) {
  if (done_) return;
  done_ = std::move(done);
  publish();
  drain_all();
}

void Bridge::check_closed() {
  if (!source_->closed()) return close_timer_.arm(loop_.update_now() + kCloseLook);
  publish();
  done_();
}

}  // namespace weir::bridge
