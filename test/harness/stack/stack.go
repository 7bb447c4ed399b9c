// Package stack sets up issuers and gateways as an operator does, with the built commands:
// keys, credentials, settings files, a database, free ports. Then it starts them and waits
// until they are ready. Tests, benchmarks and the chaos run use it.
//
//	s, err := stack.Setup(ctx, stack.Config{Dir: dir, Binary: binaries.Path, Brokers: broker.Addresses(), Database: file})
//	issuer, err := s.Issuer("issuer", nil)
//	gateway, err := s.Gateway("gateway", stack.Settings{"drain_delay": "2s"})
//	p, err := issuer.Start(process.AnyCPU)
//	err = issuer.Ready(ctx, patience)
//
// The face check and the resident registry are sandboxes. All servers listen on loopback.
package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/railgate/railgate/test/harness/process"
)

// readyPoll is the pause between two requests to /readyz.
const readyPoll = 20 * time.Millisecond

// Config describes a stack.
type Config struct {
	Dir         string                   // folder of settings and logs, and of the keys in "keys"
	Binary      func(name string) string // returns the path of issuer or gateway
	Brokers     []string                 // bootstrap list
	Topic       string                   // empty: railgate.control
	Replication int                      // 0: 1
	Database    string                   // file of SQLite, or URL of PostgreSQL
}

// Stack is a set of issuers and gateways with the same keys, broker and database.
type Stack struct {
	Config
	Secrets

	taken map[string]bool // addresses of its servers, which may not listen yet
}

// Setup creates keys and credentials and returns a stack that uses them.
func Setup(ctx context.Context, c Config) (*Stack, error) {
	s := New(c)
	var err error
	s.Secrets, err = MakeSecrets(ctx, c.Binary, s.Keys())
	return s, err
}

// New is [Setup] for callers that already have keys in the folder and need no staff or devices.
func New(c Config) *Stack {
	if c.Topic == "" {
		c.Topic = "railgate.control"
	}
	c.Replication = max(c.Replication, 1)
	return &Stack{Config: c, taken: map[string]bool{}}
}

// Keys returns the folder of the issuer's keys.
func (s *Stack) Keys() string { return s.file("keys") }

func (s *Stack) file(name string) string { return filepath.Join(s.Dir, name) }

// Settings are a command's settings by full name, such as "kafka.heartbeat". Values are strings,
// numbers, booleans and lists of strings. The value nil omits a setting that would otherwise be
// written.
type Settings map[string]any

// Server is an issuer or a gateway.
type Server struct {
	Name       string
	URL, Admin string // base URLs
	File       string // of the settings
	Snapshots  string // folder of a gateway; empty: an issuer

	stack  *Stack
	binary string
}

// Issuer writes the settings of an issuer on free ports. tables are appended, for instance an
// [[announce]].
func (s *Stack) Issuer(name string, more Settings, tables ...string) (*Server, error) {
	return s.server(&Server{Name: name, binary: "issuer"}, Settings{
		"database": s.Database, "keys": s.Keys(), "face_check.provider": "sandbox", "residents.provider": "sandbox",
		"kafka.replication": s.Replication, "kafka.heartbeat": "200ms",
	}, more, append([]string{s.StaffEntry}, tables...))
}

// Gateway writes the settings of a gateway on free ports, with its own snapshot folder.
func (s *Stack) Gateway(name string, more Settings) (*Server, error) {
	g := &Server{Name: name, binary: "gateway", Snapshots: s.file(name + ".snapshots")}
	if err := os.Mkdir(g.Snapshots, 0o700); err != nil {
		return nil, err
	}
	return s.server(g, Settings{
		"snapshots.dir": g.Snapshots, "snapshots.every": "1s", "kafka.authority": s.Authority,
	}, more, []string{s.DeviceEntry})
}

func (s *Stack) server(v *Server, settings, more Settings, tables []string) (*Server, error) {
	ports, err := s.ports(2)
	if err != nil {
		return nil, err
	}
	v.stack, v.URL, v.Admin, v.File = s, "http://"+ports[0], "http://"+ports[1], s.file(v.Name+".toml")
	maps.Copy(settings, Settings{"listen": ports[0], "admin": ports[1], "drain_delay": "100ms",
		"kafka.brokers": s.Brokers, "kafka.topic": s.Topic})
	maps.Copy(settings, more)
	text, err := settings.toml()
	if err != nil {
		return nil, err
	}
	return v, os.WriteFile(v.File, []byte(text+"\n"+strings.Join(tables, "\n")), 0o600)
}

// Add appends tables to the settings file.
func (v *Server) Add(tables string) error {
	text, err := os.ReadFile(v.File)
	if err != nil {
		return err
	}
	return os.WriteFile(v.File, append(append(text, '\n'), tables...), 0o600)
}

// ports returns free addresses that no server of the stack uses.
func (s *Stack) ports(n int) (ports []string, err error) {
	for len(ports) < n {
		found, err := process.FreePorts(1)
		if err != nil {
			return nil, err
		}
		if !s.taken[found[0]] {
			s.taken[found[0]] = true
			ports = append(ports, found[0])
		}
	}
	return ports, nil
}

// toml returns one line for each setting. TOML writes these values as JSON does.
func (s Settings) toml() (string, error) {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if s[name] == nil {
			continue
		}
		value, err := json.Marshal(s[name])
		if err != nil {
			return "", fmt.Errorf("setting %s: %w", name, err)
		}
		fmt.Fprintf(&lines, "%s = %s\n", name, value)
	}
	return lines.String(), nil
}

// Command returns the binary and arguments that start the server.
func (v *Server) Command(args ...string) (path string, all []string) {
	return v.stack.Binary(v.binary), append([]string{"-config", v.File}, args...)
}

// Start starts the server on a processor, or on any; its log is in the stack's folder.
func (v *Server) Start(cpu int, args ...string) (*process.Process, error) {
	path, all := v.Command(args...)
	return process.Start(cpu, v.Name, v.stack.file(v.Name+".log"), path, all...)
}

// Ready waits until the server's /readyz answers 200. If p is not nil, an earlier end of the
// process is an error.
func (v *Server) Ready(ctx context.Context, within time.Duration, p *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		if p != nil {
			if err := p.Gone(); err != nil {
				return err
			}
		}
		if answersOK(ctx, v.URL+"/readyz") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the %s is not ready after %v: %w", v.Name, within, ctx.Err())
		case <-time.After(readyPoll):
		}
	}
}

func answersOK(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
