package process

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

const mib = 1 << 20

func TestLimitOfTheControlGroup(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no control groups": {nil, 0},
		"a container, version 2": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n",
		}, 512 * mib},
		"a unit, version 2": {map[string]string{
			"proc/self/cgroup": "0::/system.slice/railgate-issuer.service\n",
			"sys/fs/cgroup/system.slice/railgate-issuer.service/memory.max":  "1073741824\n",
			"sys/fs/cgroup/system.slice/railgate-issuer.service/memory.high": "max\n",
			"sys/fs/cgroup/system.slice/memory.max":                          "max\n",
		}, 1024 * mib},
		"a lower limit of a parent slice": {map[string]string{
			"proc/self/cgroup":             "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "1073741824\n",
			"sys/fs/cgroup/a/memory.max":   "268435456\n",
		}, 256 * mib},
		"memory.high below memory.max": {map[string]string{
			"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/memory.high": "805306368\n",
		}, 768 * mib},
		"no limit": {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 0},
		"a group that is not visible": {map[string]string{
			"proc/self/cgroup": "0::/../../docker/abc\n", "sys/fs/cgroup/memory.max": "536870912\n",
		}, 512 * mib},
		"version 1": {map[string]string{
			"proc/self/cgroup": "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n0::/x\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
		}, 512 * mib},
		"malformed": {map[string]string{"proc/self/cgroup": "0::/a\nx\n", "sys/fs/cgroup/a/memory.max": "much\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for path, text := range c.files {
				root[path] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := groupLimit(root); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestLeastLimit(t *testing.T) {
	for want, l := range map[int64]MemoryLimits{0: {}, 5: {Runtime: 5}, 6: {Group: 6}, 7: {Runtime: 7, Group: 8}, 3: {Runtime: 4, Group: 3}} {
		if got := l.Least(); got != want {
			t.Errorf("%+v: %d, want %d", l, got, want)
		}
	}
}

func TestLimitOfTheRuntime(t *testing.T) {
	before := debug.SetMemoryLimit(900 * mib)
	defer debug.SetMemoryLimit(before)
	if got := ReadMemoryLimits().Runtime; got != 900*mib {
		t.Errorf("%d, want %d", got, 900*mib)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if got := ReadMemoryLimits().Runtime; got != 0 {
		t.Errorf("%d without a limit, want 0", got)
	}
}
