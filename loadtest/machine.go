package loadtest

import (
	"runtime"

	"github.com/railgate/railgate/test/tool"
)

// Machine is where a figure was measured; without it the figure means nothing.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
}

func thisMachine() Machine {
	return Machine{
		CPU: tool.CPU(), Cores: runtime.NumCPU(),
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}
