package servers

import (
	"os"
	"testing"
)

// The test binary is also the server processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Command {
		if Serve(os.Args[2:], os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestEveryServerReportsItsUsage(t *testing.T) {
	for kind := range roles {
		s, err := Start(kind, -1)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if u, err := s.Usage(); err != nil || u.CPU <= 0 || s.Address() == "" {
			t.Errorf("%s at %q: %+v, %v", kind, s.Address(), u, err)
		}
		if err := s.Stop(); err != nil {
			t.Errorf("%s: stopping: %v", kind, err)
		}
	}
}

// A child that has ended is an error, not a wait.
func TestEndedServerIsAnError(t *testing.T) {
	s, err := Start(Noop, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ask("sing"); err == nil {
		t.Error("a server accepted an unknown command")
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if _, err := s.Usage(); err == nil {
		t.Error("a server that ended reported its usage")
	}
	if _, err := Start("sundial", -1); err == nil {
		t.Error("an unknown server started")
	}
}
