package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Binaries are the built programs, in a folder that goes with Close.
type Binaries struct{ root, dir string }

// Build builds issuer, gateway and load test of the repository in which this
// process was started.
func Build(ctx context.Context) (*Binaries, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("asking go where the repository is: %w", err)
	}
	path := strings.TrimSpace(string(module))
	if filepath.Base(path) != "go.mod" {
		return nil, errors.New("start this inside the repository")
	}
	b := &Binaries{root: filepath.Dir(path)}
	if b.dir, err = os.MkdirTemp("", "railgate-issuance-"); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.dir, "./cmd/issuer", "./cmd/gateway", "./cmd/loadtest")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("building: %w\n%s", err, out), b.Close())
	}
	return b, nil
}

// Root is the repository's folder.
func (b *Binaries) Root() string { return b.root }

// Path is where a binary is: issuer, gateway or loadtest.
func (b *Binaries) Path(name string) string { return filepath.Join(b.dir, name) }

// Close deletes them.
func (b *Binaries) Close() error { return os.RemoveAll(b.dir) }
