// A stage that changes nothing and watches the contract between its two neighbours.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "weir/streams/demand.h"
#include "weir/streams/flow.h"

namespace weir::streams {

/// What one run has found. The first violation counts; later ones follow from it.
class Report {
 public:
  void violate(const std::string& what) {
    if (!violated_.exchange(true)) what_ = what;
  }
  bool violated() const { return violated_.load(); }
  const std::string& what() const { return what_; }

  /// Threads may carry an item past a cancel (§2.8); on one thread nothing may come after it.
  bool threads = false;

 private:
  std::atomic<bool> violated_{false};
  std::string what_;
};

struct Ledger final : Subscription {
  Ledger(std::shared_ptr<Report> to, std::string label)
      : report(std::move(to)), name(std::move(label)) {}

  void request(uint64_t n) noexcept override {
    requested.add(n);
    up->request(n);
  }
  void cancel() noexcept override {
    up->cancel();
    cancelled.store(true);
  }

  void enter() {
    if (inside.exchange(true)) report->violate(name + ": two signals at a time (§1.3)");
    if (ended) report->violate(name + ": a signal after the terminal one (§1.7)");
    if (cancelled.load() && !report->threads) report->violate(name + ": a signal after cancel");
  }
  void leave() { inside.store(false); }
  void deliver() {
    if (requested.value() == 0) report->violate(name + ": more items than requested (§1.1)");
  }

  const std::shared_ptr<Report> report;
  const std::string name;
  std::shared_ptr<Subscription> up;
  DemandCounter requested;
  std::atomic<bool> inside{false};
  std::atomic<bool> cancelled{false};
  bool ended = false;  // serial, like the signals
};

template <typename T>
class CheckedSubscriber final : public Subscriber<T> {
 public:
  CheckedSubscriber(std::shared_ptr<Subscriber<T>> down, std::shared_ptr<Ledger> ledger,
                    bool bursts)
      : down_(std::move(down)), ledger_(std::move(ledger)), bursts_(bursts) {}

  void on_subscribe(std::shared_ptr<Subscription> up) noexcept override {
    if (ledger_->up != nullptr) ledger_->report->violate(ledger_->name + ": subscribed twice");
    ledger_->up = std::move(up);
    down_->on_subscribe(ledger_);
  }
  void on_next(T item) noexcept override {
    ledger_->enter();
    ledger_->deliver();
    ledger_->requested.sub(1);
    down_->on_next(std::move(item));
    ledger_->leave();
  }
  bool try_next(T item) noexcept override {
    if (!bursts_) {
      on_next(std::move(item));
      return true;
    }
    ledger_->enter();
    ledger_->deliver();
    // Taken off before: the downstream may request from inside.
    ledger_->requested.sub(1);
    const bool used = down_->try_next(std::move(item));
    if (!used) ledger_->requested.add(1);
    ledger_->leave();
    return used;
  }
  void flush() noexcept override {
    if (bursts_) down_->flush();
  }
  void on_error(StreamError error) noexcept override {
    ledger_->enter();
    ledger_->ended = true;
    down_->on_error(std::move(error));
    ledger_->leave();
  }
  void on_complete() noexcept override {
    ledger_->enter();
    ledger_->ended = true;
    down_->on_complete();
    ledger_->leave();
  }

 private:
  const std::shared_ptr<Subscriber<T>> down_;
  const std::shared_ptr<Ledger> ledger_;
  const bool bursts_;
};

/// `bursts`: speak the burst protocol; else only the plain one, as a foreign publisher would.
template <typename T>
Flow<T> checked(Flow<T> source, std::shared_ptr<Report> report, std::string name, bool bursts) {
  return Flow<T>(lift<T>([source = std::move(source), report = std::move(report),
                          name = std::move(name), bursts](std::shared_ptr<Subscriber<T>> down) {
    auto ledger = std::make_shared<Ledger>(report, name);
    source.subscribe(
        std::make_shared<CheckedSubscriber<T>>(std::move(down), std::move(ledger), bursts));
  }));
}

}  // namespace weir::streams
