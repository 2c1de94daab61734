// TLS contexts for the server and for clients (OpenSSL through Asio). TLS 1.2 and later.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "config/settings.h"

namespace forebay::net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// invalid_argument: a file is missing, unreadable, not PEM, or the key does not fit the certificate.
Result<TlsContext> server_tls(const config::TlsSettings& settings);
// Peer verification on; the system's authorities, or those of `ca_file` alone where it is not empty.
Result<TlsContext> client_tls(const std::string& ca_file);

}  // namespace forebay::net
