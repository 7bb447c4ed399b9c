package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/railgate/railgate/internal/tool"
)

// machine is where a figure was measured; without it the figure means nothing.
type machine struct {
	cpu, kernel string
	cores       int
}

// thisMachine must be asked before the process is pinned: then it has one core.
func thisMachine() machine {
	m := machine{cpu: tool.CPU(), kernel: "unknown kernel", cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.kernel = "kernel " + strings.TrimSpace(string(text))
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s %s/%s, %s", m.cpu, m.cores, runtime.Version(), runtime.GOOS, runtime.GOARCH, m.kernel)
}

// slug is a short name of the processor for file names: "AMD EPYC" is amd-epyc.
func (m machine) slug() string {
	name := strings.ToLower(m.cpu)
	for _, mark := range []string{"(r)", "(tm)", " cpu", " processor"} {
		name = strings.ReplaceAll(name, mark, "")
	}
	name, _, _ = strings.Cut(name, "@") // the clock rate
	words := strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
