package measure

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/test/tool"
)

// Report is a run's tables, with the machine and the command that they are from.
type Report struct {
	Machine tool.Machine
	Command string // how to run it again
	Raw     string // each round, in the form of Go's benchmarks
	Tables  string
}

func (r *Report) head() string {
	return fmt.Sprintf("machine: %s\ncommand: %s\n\n", r.Machine, r.Command)
}

// Print leaves out the rounds.
func (r *Report) Print(w io.Writer) error {
	_, err := io.WriteString(w, r.head()+r.Tables)
	return err
}

// Keep writes all of it to a file.
func (r *Report) Keep(path string) error {
	return os.WriteFile(path, []byte(r.head()+r.Raw+"\n"+r.Tables), 0o644)
}

// KeptFile is where a whole run is kept below the repository's folder.
func KeptFile(m tool.Machine, kind string) string {
	return filepath.Join("bench", "results", fmt.Sprintf("%s-%s-%s.txt", time.Now().Format(time.DateOnly), m.Slug(), kind))
}
