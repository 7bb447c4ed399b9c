package measure

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/test/tool"
)

// Report is the tables of a run, with the machine and the command.
type Report struct {
	Machine tool.Machine
	Command string // command that repeats the run
	Raw     string // each round, in the form of Go's benchmarks
	Tables  string
}

func (r *Report) head() string {
	return fmt.Sprintf("machine: %s\ncommand: %s\n\n", r.Machine, r.Command)
}

// Print writes the report without the rounds.
func (r *Report) Print(w io.Writer) error {
	_, err := io.WriteString(w, r.head()+r.Tables)
	return err
}

// WriteFile writes the complete report to a file.
func (r *Report) WriteFile(path string) error {
	return os.WriteFile(path, []byte(r.head()+r.Raw+"\n"+r.Tables), 0o644)
}

// ResultFile returns the path of a complete run's report below the repository's folder.
func ResultFile(m tool.Machine, kind string) string {
	return filepath.Join("bench", "results", fmt.Sprintf("%s-%s-%s.txt", time.Now().Format(time.DateOnly), m.Slug(), kind))
}
