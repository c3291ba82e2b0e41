package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// logLines is how much of a container's output is shown.
const logLines = 10

// lastWordsOf are the last lines that a container has printed, as advice. It asks
// even where the context has just ended, since that is what made it ask.
func lastWordsOf(ctx context.Context, api client.APIClient, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r, err := api.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(logLines)})
	if err != nil {
		return ""
	}
	defer r.Close()
	var out bytes.Buffer
	if c, err := api.ContainerInspect(ctx, id); err == nil && c.Config != nil && c.Config.Tty {
		_, _ = io.Copy(&out, io.LimitReader(r, 1<<16))
	} else {
		_, _ = stdcopy.StdCopy(&out, &out, io.LimitReader(r, 1<<16))
	}
	text := visible(out.String())
	if text == "" {
		return "It printed nothing."
	}
	return "It printed last:\n" + text
}

// visible is a text of a container's for people: its last lines, indented, with
// control characters made visible.
func visible(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > logLines {
		lines = lines[len(lines)-logLines:]
	}
	for i, line := range lines {
		if len(line) > 200 {
			line = line[:200] + "..."
		}
		quoted := fmt.Sprintf("%q", strings.TrimRight(line, "\r"))
		lines[i] = "  " + strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \n")
}
