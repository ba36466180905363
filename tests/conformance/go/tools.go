//go:build tools

// Package tools names the conformance tools that are built from source, so that go.mod pins them
// and what they need. tests/integration/go_tools.py builds them.
package tools

import (
	_ "github.com/summerwind/h2spec/cmd/h2spec"
	_ "google.golang.org/grpc/interop/client"
	_ "google.golang.org/grpc/interop/server"
)
