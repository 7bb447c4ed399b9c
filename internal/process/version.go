package process

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// stamped is set by `make build` and the Containerfiles with
// -ldflags "-X github.com/railgate/railgate/internal/process.stamped=…".
var stamped string

// Version is the stamped version. Without one it is the version that the go
// command recorded: of a plain `go build` in a clone, the revision.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = nil
	}
	return chooseVersion(stamped, info)
}

// unknownVersion is that of a build outside a clone.
const unknownVersion = "unknown"

func chooseVersion(stamped string, info *debug.BuildInfo) string {
	switch {
	case stamped != "":
		return stamped
	case info == nil || info.Main.Version == "" || info.Main.Version == "(devel)":
		return unknownVersion
	}
	return info.Main.Version
}

// VersionLine is the answer of program to -version.
func VersionLine(program string) string {
	return fmt.Sprintf("%s %s (%s %s/%s)", program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// VersionAsked reports whether the arguments ask for the version. The other arguments
// are then ignored, even wrong ones.
func VersionAsked(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "-version" || a == "--version" })
}

// BuildInfo is the metric that tells which build runs.
func BuildInfo() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "railgate_build_info",
		Help:        "Always 1; the labels name the version of this program and of Go.",
		ConstLabels: prometheus.Labels{"version": Version(), "go": runtime.Version()},
	})
	g.Set(1)
	return g
}
