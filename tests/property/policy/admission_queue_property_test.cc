// The queue is bounded, delivers every entry once, keeps its order, and never serves the less
// critical first.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "support/engine.h"
#include "weir/base/rng.h"
#include "weir/policy/admission_queue.h"

namespace weir::test {
namespace {

constexpr int kSeeds = 300;
constexpr int kSteps = 3000;
constexpr size_t kEntries = 200;

/// The queue beside a plain list of what must be in it, oldest first.
class Model {
 public:
  explicit Model(uint64_t seed) : rng_(seed), queue_(random_options(rng_)) {}
  ~Model() {
    for (QueueEntry* entry : waiting_) queue_.remove(*entry, now_);
    while (queue_.poll(now_) != nullptr) continue;
  }

  void step() {
    now_ += from_seconds(rng_.exponential(rng_.below(20) == 0 ? 0.05 : 0.001));
    switch (rng_.below(8)) {
      case 0:
      case 1:
      case 2: offer(); break;
      case 3:
      case 4: take(); break;
      case 5: deliver(); break;
      case 6: withdraw(); break;
      default: queue_.observe_service(from_seconds(rng_.exponential(0.005)));
    }
    ASSERT_LE(queue_.size(), queue_.options().depth_max);
    ASSERT_LE(queue_.size(), waiting_.size());  // refused but not yet delivered are in waiting_ too
  }

  /// Everything leaves by itself once the host does its duty.
  void drain() {
    for (int wakeups = 0; !queue_.empty(); ++wakeups) {
      ASSERT_LT(wakeups, 10 * static_cast<int>(kEntries)) << "wakes up for nothing";
      now_ = std::max(now_, queue_.next_wakeup());
      ASSERT_LT(now_, kInstantMax) << "somebody waits and nobody will wake up";
      deliver();
    }
    EXPECT_TRUE(waiting_.empty());
  }

 private:
  static AdmissionQueue::Options random_options(Rng& rng) {
    AdmissionQueue::Options options;
    options.depth_max = 1 + static_cast<uint32_t>(rng.below(60));
    options.wait_max = from_seconds(0.005 + 0.2 * rng.uniform());
    options.target = from_seconds(0.001 + 0.01 * rng.uniform());
    options.interval = from_seconds(0.005 + 0.1 * rng.uniform());
    options.lifo_when_overloaded = rng.below(2) == 0;
    return options;
  }

  void offer() {
    const auto idle = std::find_if(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return !entry->queued(); });
    if (idle == entries_.end()) return;
    RequestContext context = request(static_cast<Criticality>(rng_.below(kCriticalityCount)));
    if (rng_.below(3) == 0) context.deadline = Deadline::after(from_seconds(rng_.uniform()), now_);
    const bool full = queue_.size() >= queue_.depth();
    const uint32_t before = queue_.size();
    const auto refused = queue_.offer(**idle, context, now_);
    ASSERT_EQ((*idle)->queued(), !refused);
    if (refused) return;
    ASSERT_EQ(queue_.size(), before + (full ? 0 : 1)) << "one in, one out when full";
    waiting_.push_back(idle->get());
  }

  void take() {
    QueueEntry* entry = queue_.front(now_);
    if (entry == nullptr) {
      ASSERT_EQ(queue_.size(), 0u);
      return;
    }
    const Criticality band = entry->context().criticality;
    ASSERT_FALSE(entry->context().deadline.passed(now_)) << "expired work is not served";
    for (int above = 0; above < static_cast<int>(band); ++above)
      ASSERT_EQ(queue_.size(static_cast<Criticality>(above)), 0u) << "priority inversion";
    const bool lifo = queue_.overloaded(band) && queue_.options().lifo_when_overloaded;
    std::vector<QueueEntry*> peers = waiting_of(band);
    ASSERT_EQ(entry, lifo ? peers.back() : peers.front());
    queue_.take(*entry, now_);
    ASSERT_FALSE(entry->queued());
    forget(entry);
  }

  void deliver() {
    while (QueueEntry* entry = queue_.poll(now_)) {
      ASSERT_FALSE(entry->queued());
      forget(entry);
    }
    for (const QueueEntry* entry : waiting_)
      ASSERT_LT(now_ - entry->enqueued_at(), queue_.options().wait_max);
    ASSERT_GT(queue_.next_wakeup(), now_);
  }

  void withdraw() {
    if (waiting_.empty()) return;
    QueueEntry* entry = waiting_[rng_.below(waiting_.size())];
    queue_.remove(*entry, now_);
    ASSERT_FALSE(entry->queued());
    forget(entry);
  }

  /// Waiting in this band by the model, those refused meanwhile left out.
  std::vector<QueueEntry*> waiting_of(Criticality band) const {
    std::vector<QueueEntry*> peers;
    for (QueueEntry* entry : waiting_)
      if (entry->context().criticality == band && entry->waiting()) peers.push_back(entry);
    return peers;
  }

  void forget(QueueEntry* entry) {
    const auto found = std::find(waiting_.begin(), waiting_.end(), entry);
    ASSERT_NE(found, waiting_.end()) << "delivered twice";
    waiting_.erase(found);
  }

  static std::vector<std::unique_ptr<QueueEntry>> make_entries() {
    std::vector<std::unique_ptr<QueueEntry>> entries;
    for (size_t i = 0; i < kEntries; ++i) entries.push_back(std::make_unique<QueueEntry>());
    return entries;
  }

  Rng rng_;
  std::vector<std::unique_ptr<QueueEntry>> entries_ = make_entries();
  AdmissionQueue queue_;
  std::vector<QueueEntry*> waiting_;
  Instant now_ = at(0s);
};

TEST(AdmissionQueueProperty, BoundedOrderedAndEveryEntryDeliveredOnce) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int i = 0; i < kSteps; ++i) {
      model.step();
      if (testing::Test::HasFatalFailure()) return;
    }
    model.drain();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace weir::test
