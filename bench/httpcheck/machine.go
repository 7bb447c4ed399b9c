package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is where a figure was measured; without it the figure means nothing.
type machine struct {
	cpu, kernel string
	cores       int
}

// thisMachine must be asked before the process is pinned: then it has one core.
func thisMachine() machine {
	m := machine{cpu: "unknown processor", kernel: "unknown kernel", cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				m.cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.kernel = "kernel " + strings.TrimSpace(string(text))
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s %s/%s, %s", m.cpu, m.cores, runtime.Version(), runtime.GOOS, runtime.GOARCH, m.kernel)
}
