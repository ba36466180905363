// NodePool: the places that many small queues share, so that together they stay within one bound.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/base/assert.h"

namespace weir::streams {

template <typename T>
struct PoolNode {
  std::optional<T> item;
  std::atomic<PoolNode*> next{nullptr};
};

/// A fixed number of nodes. One thread takes; any thread gives back. Lock-free: givers push on a
/// stack that the taker empties whole, so no node can reappear under a comparison.
template <typename T>
class NodePool {
 public:
  using Node = PoolNode<T>;

  explicit NodePool(size_t count) : nodes_(count) {
    for (Node& node : nodes_) give(&node);
  }

  /// nullptr when all are in use.
  Node* take() noexcept {
    if (free_ == nullptr) free_ = returned_.exchange(nullptr, std::memory_order_acquire);
    if (free_ == nullptr) return nullptr;
    Node* node = free_;
    free_ = node->next.load(std::memory_order_relaxed);
    node->next.store(nullptr, std::memory_order_relaxed);
    return node;
  }

  void give(Node* node) noexcept { give(node, node); }

  /// A chain of nodes, linked by `next` from `first` to `last`, for the price of one.
  void give(Node* first, Node* last) noexcept {
    Node* top = returned_.load(std::memory_order_relaxed);
    do {
      last->next.store(top, std::memory_order_relaxed);
    } while (!returned_.compare_exchange_weak(top, first, std::memory_order_release,
                                              std::memory_order_relaxed));
  }

 private:
  std::vector<Node> nodes_;
  Node* free_ = nullptr;
  std::atomic<Node*> returned_{nullptr};
};

/// A queue of pool nodes between one producer, who may take from the pool, and one consumer.
template <typename T>
class PoolQueue {
 public:
  using Node = PoolNode<T>;

  /// `stub` comes from the pool too; the queue always keeps one node.
  PoolQueue(NodePool<T>& pool, Node* stub) noexcept : pool_(pool), head_(stub), tail_(stub) {
    WEIR_ASSERT(stub != nullptr);
  }
  PoolQueue(const PoolQueue&) = delete;
  PoolQueue& operator=(const PoolQueue&) = delete;
  ~PoolQueue() {
    while (pop()) {
    }
    release();
    pool_.give(head_);
  }

  /// False when the pool has no node left.
  bool push(T&& item) noexcept {
    Node* node = pool_.take();
    if (node == nullptr) return false;
    node->item.emplace(std::move(item));
    tail_->next.store(node, std::memory_order_release);
    tail_ = node;
    return true;
  }

  bool empty() const noexcept { return head_->next.load(std::memory_order_acquire) == nullptr; }

  std::optional<T> pop() noexcept {
    Node* next = head_->next.load(std::memory_order_acquire);
    if (next == nullptr) return std::nullopt;
    std::optional<T> item = std::exchange(next->item, std::nullopt);
    if (freed_first_ == nullptr) freed_first_ = head_;
    freed_last_ = std::exchange(head_, next);
    return item;
  }

  /// Gives the nodes of popped items back. They are linked already, in the order in which they were
  /// popped; so call it after a burst, not after each.
  void release() noexcept {
    if (freed_first_ != nullptr) pool_.give(std::exchange(freed_first_, nullptr), freed_last_);
  }

 private:
  NodePool<T>& pool_;
  Node* head_;  // consumer; the stub
  Node* freed_first_ = nullptr;
  Node* freed_last_ = nullptr;
  Node* tail_;  // producer
};

}  // namespace weir::streams
