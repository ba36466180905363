// Downstream: a caller's connection as its worker keeps it, whatever protocol it speaks.
#pragma once

#include <list>
#include <memory>

namespace weir::proxy {

/// Made and destroyed by its Worker; a closed one is destroyed at the end of the turn. Not
/// thread-safe.
class Downstream {
 public:
  using List = std::list<std::unique_ptr<Downstream>>;

  Downstream() = default;
  Downstream(const Downstream&) = delete;
  Downstream& operator=(const Downstream&) = delete;
  virtual ~Downstream() = default;

  /// The process shuts down: closes when idle, else when what is under way is answered.
  virtual void drain() = 0;
  /// Closes now, whatever is under way.
  virtual void close() = 0;

  List::iterator place;  ///< in the worker's list
};

}  // namespace weir::proxy
