package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// buildWithin bounds a build with a cold cache on two processors.
const buildWithin = 5 * time.Minute

// Binaries are built programs.
type Binaries struct {
	Root string // the repository's folder
	Dir  string // folder of the binaries
}

// Build builds commands of the repository, such as "issuer", into a new folder. The process must
// have been started inside the repository.
func Build(ctx context.Context, commands ...string) (*Binaries, error) {
	ctx, cancel := context.WithTimeout(ctx, buildWithin)
	defer cancel()
	root, err := Root(ctx)
	if err != nil {
		return nil, err
	}
	b := &Binaries{Root: root}
	if b.Dir, err = os.MkdirTemp("", "railgate-binaries-"); err != nil {
		return nil, err
	}
	args := []string{"build", "-o", b.Dir}
	for _, c := range commands {
		args = append(args, "./cmd/"+c)
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("go build: %w\n%s", err, out), b.Close())
	}
	return b, nil
}

// Root returns the folder of the repository in which this process was started.
func Root(ctx context.Context) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	path := strings.TrimSpace(string(module))
	if filepath.Base(path) != "go.mod" {
		return "", errors.New("no go.mod found: start this inside the repository")
	}
	return filepath.Dir(path), nil
}

// Path returns the path of a binary.
func (b *Binaries) Path(name string) string { return filepath.Join(b.Dir, name) }

// Close deletes the binaries.
func (b *Binaries) Close() error { return os.RemoveAll(b.Dir) }
