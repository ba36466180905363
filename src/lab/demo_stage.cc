#include "lab/demo_stage.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::lab {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 50ms;
constexpr Duration kOpeningMax = 15s;  // ten processes on a loaded machine take one or two
constexpr Duration kBucket = 500ms;

}  // namespace

Expected<std::unique_ptr<DemoStage>> DemoStage::open(net::EventLoop& loop, const DemoPlan& plan,
                                                     bool with_weir, const std::string& log_folder,
                                                     Done done) {
  auto shop = Shop::open(plan, with_weir, log_folder);
  if (!shop) return tl::unexpected(shop.error());
  return std::unique_ptr<DemoStage>(
      new DemoStage(loop, plan, with_weir, std::move(*shop), std::move(done)));
}

DemoStage::DemoStage(net::EventLoop& loop, const DemoPlan& plan, bool with_weir, Shop shop,
                     Done done)
    : loop_(loop),
      plan_(plan),
      with_weir_(with_weir),
      shop_(std::move(shop)),
      done_(std::move(done)),
      opened_(loop.update_now()),
      monitor_(loop, shop_),
      catalogue_client_(loop, shop_.members()[kGateway].door),
      checkout_client_(loop, shop_.members()[kGateway].door),
      catalogue_(clients(catalogue_client_, "/catalogue", plan.catalogue_rate, plan.seed)),
      checkout_(clients(checkout_client_, "/checkout", plan.checkout_rate, plan.seed + 100)),
      timer_(loop.timers(), net::Callback::to<&DemoStage::tick>(this)) {
  timer_.arm(loop.now() + kTick);
}

std::unique_ptr<Load> DemoStage::clients(HttpClient& client, const char* path, double rate,
                                         uint64_t seed) {
  const Duration opening = std::min(plan_.opening, plan_.length());
  // Visitors come over the first seconds, as they do when a shop opens, and not all at one instant.
  std::vector<Phase> phases{
      {opening / 2, rate / 3}, {opening / 2, rate * 2 / 3}, {plan_.length() - opening, rate}};
  ArrivalPlan arrivals(std::move(phases), Arrivals::kPoisson, Rng(seed));
  const ClientHabits habits{plan_.patience, plan_.retries, false};
  return std::make_unique<Load>(loop_, client, get_request(path, "shop"), std::move(arrivals),
                                habits, kBucket, [this] {
                                  if (++loads_ended_ == 2) end({});
                                });
}

DemoFrame DemoStage::frame() const {
  // Stragglers may still be under way after the end of the story.
  const Duration at = std::min(catalogue_->elapsed(), plan_.length());
  return {plan_, with_weir_, at, catalogue_->stats(), checkout_->stats(), monitor_.gauges()};
}

void DemoStage::tick() {
  timer_.arm(loop_.now() + kTick);
  if (const std::string dead = shop_.casualty(); !dead.empty()) {
    return end(
        tl::unexpected(Error{ErrorKind::kInternal, "the process of " + dead + " has died", {}}));
  }
  if (playing_) return follow_the_story();
  if (monitor_.all_answered()) return begin();
  if (loop_.now() - opened_ > kOpeningMax) {
    end(tl::unexpected(Error{ErrorKind::kInternal, "the shop did not open within 15 s", {}}));
  }
}

void DemoStage::begin() {
  playing_ = true;
  catalogue_->start();
  checkout_->start();
}

void DemoStage::follow_the_story() {
  const Duration at = catalogue_->elapsed();
  if (!slowed_ && at >= plan_.slow_from()) {
    slowed_ = true;
    char path[64];
    std::snprintf(path, sizeof path, "/lab/slow?factor=%.6gx", plan_.slow_factor);
    monitor_.command(kPayments, path);
  }
  if (!healed_ && at >= plan_.slow_to()) {
    healed_ = true;
    monitor_.command(kPayments, "/lab/reset");
  }
}

void DemoStage::end(Expected<void> how) {
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)(std::move(how));
}

}  // namespace weir::lab
