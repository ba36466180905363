// What the verbs share that ask a running weir: where it is, and how to print what it says.
#pragma once

#include <memory>
#include <string>

#include "console/admin_client.h"
#include "options.h"

namespace weir::cli {

struct AdminOptions {
  std::string admin = "127.0.0.1:9901";
  std::string output = "text";

  bool json() const noexcept { return output == "json"; }
};

inline void add_admin(CLI::App& verb, AdminOptions& options) {
  verb.add_option("--admin", options.admin, "The admin address of the weir that is asked")
      ->type_name("HOST:PORT");
}

inline void add_output(CLI::App& verb, AdminOptions& options) {
  verb.add_option("-o,--output", options.output, "text, or json as weir gives it")
      ->check(CLI::IsMember({"text", "json"}));
}

/// The body of a good answer. Errors: as the client's, and what the answer says when it is not 200.
inline Expected<std::string> ask(const AdminOptions& options, const std::string& target,
                                 bool post = false) {
  const auto client = console::AdminClient::make(options.admin);
  if (!client) return Unexpected<Error>(client.error());
  auto reply = post ? client->post(target) : client->get(target);
  if (!reply) return Unexpected<Error>(reply.error());
  if (reply->status != 200) return Unexpected<Error>(console::error_of(*reply));
  return std::move(reply->body);
}

}  // namespace weir::cli
