package servers

import (
	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/rivals/jwtgate"
	"github.com/railgate/railgate/bench/rivals/nginx"
)

// nginxEntries is the size of nginx's cache: all of -sessions and more, so that it never forgets.
const nginxEntries = 1 << 17

type nginxServer struct{ *nginx.Server }

// StartNginx starts the rival with the same devices; its tokens are jwtgate's.
func StartNginx(cpu int) (Server, error) {
	devices := map[string][]string{}
	for _, credential := range []string{corpus.Gate, corpus.Stranger} {
		devices["Bearer "+credential] = []string{corpus.Scope.String()}
	}
	s, err := nginx.Start(nginx.Config{Keys: jwtgate.Keys(), Devices: devices, Entries: nginxEntries, CPU: cpu})
	if err != nil {
		return nil, err
	}
	return nginxServer{s}, nil
}

func (s nginxServer) Address() string { return s.Server.Address }

func (s nginxServer) Usage() (Usage, error) {
	u, err := s.Server.Usage()
	return Usage{CPU: u.CPU, Misses: u.Misses}, err
}
