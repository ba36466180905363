#include "http/h1_writer.h"

#include "http/message.h"

namespace weir::http {

HeadWriter& HeadWriter::status_line(int status) noexcept {
  return append("HTTP/1.1 ")
      .append(static_cast<uint64_t>(status))
      .append(" ")
      .append(reason_phrase(status))
      .append("\r\n");
}

}  // namespace weir::http
