package servers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/tool"
)

// Serve is the main function of a child process: it listens, answers the commands on stdin, and
// ends with stdin. args are those after Command.
func Serve(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) == 3 && Kind(args[0]).text() != "" {
		return attack(Kind(args[0]), args[1], args[2], stdin, stdout)
	}
	if len(args) != 2 {
		return fmt.Errorf("%s is for child processes of this program only", Command)
	}
	cpu, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("%q is not the number of a processor", args[1])
	}
	build := roles[Kind(args[0])]
	if build == nil {
		return fmt.Errorf("there is no server %q", args[0])
	}
	if cpu >= 0 {
		if _, err := process.Pin(cpu); err != nil {
			return fmt.Errorf("pin the server to CPU %d: %w", cpu, err)
		}
	}
	runtime.GOMAXPROCS(1)
	r, err := build()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
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
		cpu, maxRSS, err := tool.Used()
		return fmt.Sprintf("usage %d %d %d", cpu, misses, maxRSS), err
	case word == "answer" && r.answer != nil:
		r.answer(rest)
		return "done", nil
	}
	return "", fmt.Errorf("unknown command %q", word)
}
