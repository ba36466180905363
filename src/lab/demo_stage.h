// One run of the demo's story: opens the shop, sends the clients, makes payments slow, heals it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lab/demo_result.h"
#include "lab/demo_view.h"
#include "lab/load.h"
#include "lab/shop.h"
#include "lab/shop_monitor.h"

namespace weir::lab {

/// Belongs to one loop, which must outlive it; runs until `done`. The shop dies with it.
class DemoStage {
 public:
  using Done = std::function<void(Expected<void>)>;

  static Expected<std::unique_ptr<DemoStage>> open(net::EventLoop& loop, const DemoPlan& plan,
                                                   bool with_weir, const std::string& log_folder,
                                                   Done done);

  /// The clients have begun; before that there is nothing to show.
  bool playing() const { return playing_; }
  DemoFrame frame() const;
  DemoRun result() const { return {catalogue_->stats(), checkout_->stats()}; }

 private:
  DemoStage(net::EventLoop& loop, const DemoPlan& plan, bool with_weir, Shop shop, Done done);

  void tick();
  void begin();
  void follow_the_story();
  void end(Expected<void> how);
  std::unique_ptr<Load> clients(HttpClient& client, const char* path, double rate, uint64_t seed);

  net::EventLoop& loop_;
  const DemoPlan& plan_;
  bool with_weir_;
  Shop shop_;
  Done done_;
  Instant opened_;
  ShopMonitor monitor_;
  HttpClient catalogue_client_;
  HttpClient checkout_client_;
  std::unique_ptr<Load> catalogue_;
  std::unique_ptr<Load> checkout_;
  int loads_ended_ = 0;
  bool playing_ = false;
  bool slowed_ = false;
  bool healed_ = false;
  net::Timer timer_;
};

}  // namespace weir::lab
