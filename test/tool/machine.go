package tool

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine describes the machine that a figure was measured on. A figure without it means nothing.
type Machine struct {
	CPU, Kernel string
	Cores       int
}

// ThisMachine describes the machine. Call it before the process is pinned: a pinned process sees
// one core.
func ThisMachine() Machine {
	m := Machine{CPU: CPU(), Kernel: "unknown kernel", Cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "kernel " + strings.TrimSpace(string(text))
	}
	return m
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s %s/%s, %s", m.CPU, m.Cores, runtime.Version(), runtime.GOOS, runtime.GOARCH, m.Kernel)
}

// Slug returns a short name of the processor for file names: "AMD EPYC" becomes amd-epyc.
func (m Machine) Slug() string {
	name := strings.ToLower(m.CPU)
	for _, mark := range []string{"(r)", "(tm)", " cpu", " processor"} {
		name = strings.ReplaceAll(name, mark, "")
	}
	name, _, _ = strings.Cut(name, "@") // the clock rate
	words := strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
