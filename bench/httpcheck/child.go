package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
)

// serveChild is the whole life of a server: it listens, replies to what stdin
// asks, and ends with stdin.
func serveChild(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 2 {
		return usageError{fmt.Errorf("%s is how this program starts its own servers", serverCommand)}
	}
	if args[1] == "true" {
		if err := pinProcess(serverCPU); err != nil {
			return fmt.Errorf("keeping the server on CPU %d: %w", serverCPU, err)
		}
	}
	runtime.GOMAXPROCS(1)
	var r *role
	var err error
	switch args[0] {
	case gatewayKind:
		r, err = newGatewayRole()
	case noopKind:
		r = newNoopRole()
	default:
		return usageError{fmt.Errorf("no server is called %q", args[0])}
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- r.serve(ctx, listener) }()
	fmt.Fprintf(stdout, "listening %s\n", listener.Addr())
	for lines := bufio.NewScanner(stdin); lines.Scan(); {
		reply, err := r.reply(lines.Text())
		if err != nil {
			reply = "error " + err.Error()
		}
		fmt.Fprintln(stdout, reply)
	}
	stop()
	return <-ended
}

func (r *role) reply(request string) (string, error) {
	word, rest, _ := strings.Cut(request, " ")
	switch {
	case word == "usage":
		misses, err := r.misses()
		if err != nil {
			return "", err
		}
		used, err := cpuTime()
		return fmt.Sprintf("usage %d %d", used, misses), err
	case word == "answer" && r.answer != nil:
		r.answer(rest)
		return "done", nil
	}
	return "", fmt.Errorf("%q is not understood", word)
}
