// Package process is what every long-running railgate command does alike: its
// log, its signals, its listeners, and the probe that container health checks call.
package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/accept"
	"github.com/railgate/railgate/internal/version"
)

// probeTimeout bounds a health probe; an answer from memory takes far less.
const probeTimeout = 2 * time.Second

// Main is the one exit of a command: it runs until run returns, with a context
// that ends on SIGTERM or SIGINT, and turns an error into a line and exit code 1.
// Asking for help is no error. It answers -version itself.
func Main(program string, run func(ctx context.Context, args []string) error) {
	if version.Asked(os.Args[1:]) {
		fmt.Println(version.Line(program))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, program+":", err)
		os.Exit(1)
	}
}

// Listen opens a TCP listener and says which setting was at fault if it cannot.
func Listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

// ListenBoth opens the listeners of the settings listen and admin, or neither.
// Both go on accepting after errors, which log gets: see package accept.
func ListenBoth(listen, admin string, log *zap.Logger) (public, operators net.Listener, err error) {
	if public, err = Listen("listen", listen); err != nil {
		return nil, nil, err
	}
	if operators, err = Listen("admin", admin); err != nil {
		public.Close()
		return nil, nil, err
	}
	return accept.Retry(public, log), accept.Retry(operators, log), nil
}

// Probe asks a URL and fails unless the answer is 200.
func Probe(url string) error {
	client := http.Client{Timeout: probeTimeout}
	r, err := client.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, r.Status)
	}
	return nil
}

// ServeHTTP runs a server until ctx ends, then finishes the requests at hand
// for at most drain.
func ServeHTTP(ctx context.Context, s *http.Server, l net.Listener, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := s.Shutdown(bounded); err != nil {
		s.Close()
	}
	<-failed
	return nil
}
