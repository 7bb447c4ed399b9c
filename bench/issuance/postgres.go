package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/test/harness/process"
)

//go:embed supervise.sh
var supervise string

// Bounds on the supervisor's answers: those of pg_ctl and of the creation of a cluster.
const (
	commandWithin = 130 * time.Second
	beginWithin   = 90 * time.Second
)

// postgres is a PostgreSQL server that supervise.sh controls.
type postgres struct {
	dsn, dir   string
	supervisor *exec.Cmd
	commands   io.WriteCloser
	replies    chan string // closed when the supervisor's stdout ends
}

// startPostgres runs script, which is deploy/postgres/postgres.sh, with a new cluster in dir, which
// must not exist yet.
func startPostgres(script, dir string, port int, progress io.Writer) (*postgres, error) {
	p := &postgres{dir: dir, supervisor: exec.Command("bash", "-c", supervise, "supervise.sh", script, dir, strconv.Itoa(port)), replies: make(chan string)}
	p.supervisor.Stderr = progress
	process.Detach(p.supervisor) // it must outlive this process to stop the server
	var err error
	if p.commands, err = p.supervisor.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.supervisor.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.supervisor.Start(); err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	go func() {
		defer close(p.replies)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.replies <- lines.Text()
		}
	}()
	line, err := p.reply(beginWithin)
	if err == nil {
		var ok bool
		if p.dsn, ok = strings.CutPrefix(line, "dsn="); !ok {
			err = errors.New("PostgreSQL did not start; see the output of its script")
		}
	}
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	return p, nil
}

func (p *postgres) reply(within time.Duration) (string, error) {
	select {
	case line, ok := <-p.replies:
		if !ok {
			return "", errors.New("PostgreSQL's supervisor ended")
		}
		return line, nil
	case <-time.After(within):
		return "", fmt.Errorf("PostgreSQL's supervisor did not answer within %v", within)
	}
}

// command sends the command down or up.
func (p *postgres) command(what string) error {
	if _, err := io.WriteString(p.commands, what+"\n"); err != nil {
		return fmt.Errorf("PostgreSQL's supervisor: %w", err)
	}
	line, err := p.reply(commandWithin)
	if err == nil && line != "done" {
		err = fmt.Errorf("PostgreSQL could not be taken %s", what)
	}
	return err
}

// pid returns the postmaster's process ID; 0 if it does not run.
func (p *postgres) pid() int {
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	id, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return id
}

// end stops the server and deletes its folder.
func (p *postgres) end() error {
	p.commands.Close()
	kill := time.AfterFunc(commandWithin, func() { p.supervisor.Process.Kill() })
	defer kill.Stop()
	for range p.replies { // drain unread replies
	}
	if err := p.supervisor.Wait(); err != nil {
		return fmt.Errorf("PostgreSQL's supervisor: %w", err)
	}
	return nil
}
