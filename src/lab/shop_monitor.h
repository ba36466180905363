// Asks every member of the shop how it is, twice a second.
#pragma once

#include <memory>
#include <vector>

#include "lab/demo_view.h"
#include "lab/http_client.h"
#include "lab/shop.h"

namespace weir::lab {

/// Polls /lab/stats of the services and /api/state of their weirs. What does not answer keeps its
/// last figures. Belongs to one loop, which must outlive it.
class ShopMonitor {
 public:
  ShopMonitor(net::EventLoop& loop, const Shop& shop);
  ~ShopMonitor();

  /// Every service and every weir has answered at least once.
  bool all_answered() const;
  const std::vector<Gauge>& gauges() const { return gauges_; }

  /// POSTs a control call such as "/lab/slow?factor=10x" to a service.
  void command(size_t index, const std::string& path);

 private:
  struct Watch;

  void poll();
  void read_service(Watch& watch, const Reply& reply);
  void read_weir(Watch& watch, const Reply& reply);

  net::EventLoop& loop_;
  std::vector<Gauge> gauges_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<std::string>> commands_;  // requests live until they are answered
  net::Timer timer_;
};

}  // namespace weir::lab
