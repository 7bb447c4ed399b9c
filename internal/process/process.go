// Package process is what every long-running railgate command does alike: its
// log, its signals, its listeners, its version, the limits of the system that it
// runs under, and the probe that container health checks call.
package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// probeTimeout bounds a health probe; an answer from memory takes far less.
const probeTimeout = 2 * time.Second

// Main is the one exit of a command: it runs until run returns, with a context
// that ends on SIGTERM or SIGINT, and turns an error into a line and exit code 1.
// Asking for help is no error. It answers -version itself.
func Main(program string, run func(ctx context.Context, args []string) error) {
	if VersionAsked(os.Args[1:]) {
		fmt.Println(VersionLine(program))
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

// IgnoreHangup answers each SIGHUP with a log line, until stop. Without it the
// signal, which operators know from other servers as "read the settings again",
// ends the process at once, and with it every request at hand.
func IgnoreHangup(log *zap.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range hangups {
			log.Warn("SIGHUP is ignored: settings are read at the start only; start the process again to change them")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-ended
	}
}
