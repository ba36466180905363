// `weir lab service`: a real HTTP service with a known capacity, and faults on demand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/call_plan.h"
#include "lab/fault_plan.h"
#include "lab/http_client.h"
#include "lab/http_server.h"
#include "lab/service_time.h"
#include "lab/station.h"

namespace weir::lab {

struct ServiceOptions {
  std::string name = "service";
  StationOptions station;
  ServiceTime service_time = ServiceTime::exponential(std::chrono::milliseconds(20));
  FaultPlan faults;
  std::vector<CallRoute> calls;
  Duration call_timeout = std::chrono::seconds(1);
  /// Time burnt on the loop's own CPU for each request, besides the service time. One loop burns,
  /// so the capacity is at most 1 / cpu.
  Duration cpu{};
  uint64_t body_bytes = 128;
  uint64_t seed = 1;
};

/// Workers are kept by timers: eight of them at 20 ms cost a few per cent of one core. A request
/// holds its worker for its service time and for the calls it makes, as a thread of a pool does. A
/// call that fails turns into 502, one that takes too long into 504. Belongs to one loop, which
/// must outlive it.
///
/// Control: GET /lab/stats; POST /lab/slow?factor=10x, /lab/fail?ratio=50%, /lab/lose?workers=6 (on
/// top of the schedule, until told otherwise) and /lab/reset.
class Service final : private RequestHandler {
 public:
  Service(net::EventLoop& loop, net::Fd listening_socket, ServiceOptions options);
  ~Service();

  net::Address address() const { return server_.address(); }

 private:
  struct Job;

  void on_request(ExchangeId exchange, const http::RequestHead& head) override;
  void on_caller_left(ExchangeId exchange) override;
  void control(ExchangeId exchange, const http::RequestHead& head);
  Expected<void> set_fault(std::string_view action, std::string_view query);
  std::string stats_json() const;

  Health health() const;
  void apply_health();
  void start(const Station::Start& start);
  void on_work_done(Job& job);
  void call_next(Job& job);
  void call_one(Job& job, size_t index);
  void on_reply(JobId id, const Reply& reply);
  void finish(Job& job, Instant due);
  void burn_cpu();
  HttpClient& client(const Call& call);

  net::EventLoop& loop_;
  ServiceOptions options_;
  Rng rng_;
  Instant started_;
  Station station_;
  Health manual_;  // what the control calls asked for
  net::Timer fault_timer_;
  std::map<JobId, std::unique_ptr<Job>> jobs_;                  // bounded by the station
  std::map<std::string, std::unique_ptr<HttpClient>> clients_;  // one an endpoint of the call plan
  uint64_t failed_ = 0;                                         // answered with a 500 by a fault
  uint64_t calls_failed_ = 0;  // downstream answered with an error, or not at all
  uint64_t calls_timed_out_ = 0;
  HttpServer server_;
};

}  // namespace weir::lab
