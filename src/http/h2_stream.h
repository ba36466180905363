// The state that a session keeps for one stream. Private to h2_*.cc.
#pragma once

#include <memory>

#include "http/h2_session.h"

namespace weir::http {

struct H2Session::Trailers {
  H2FieldCollector fields;
  HeaderBlock block;
};

struct H2Session::Stream {
  virtual ~Stream() = default;

  int32_t id = 0;
  size_t place = 0;  ///< index in streams_
  void* user = nullptr;
  Instant opened_at;
  size_t undrained = 0;
  bool head_done = false;  ///< the final head is complete: a further section is trailers
  bool announced = false;  ///< the handler knows the stream
  bool peer_reset = false;
  bool refused = false;  ///< reset by us; what still comes is dropped
  std::unique_ptr<Trailers> trailers;
};

}  // namespace weir::http
