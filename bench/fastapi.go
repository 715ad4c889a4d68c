package main

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fastAPI is the whole service in Python.
//
//go:embed app.py
var fastAPI string

// python is an interpreter with the required packages.
var python = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if _, err := runPython(name, "import fastapi, sqlalchemy, asyncpg, uvicorn"); err == nil {
			return name, nil
		}
	}
	return "", errors.New("no Python here has fastapi, sqlalchemy, asyncpg and uvicorn (Debian: python3-fastapi, python3-sqlalchemy, python3-asyncpg, python3-uvicorn)")
})

func startFastAPI(ctx context.Context, url string, pool int) (*exec.Cmd, error) {
	interpreter, err := python()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, interpreter, "-I", "-c", fastAPI)
	url, _, _ = strings.Cut(url, "?") // asyncpg doesn't know sslmode
	cmd.Env = append(os.Environ(), "BENCH_URL="+strings.Replace(url, "postgres://", "postgresql+asyncpg://", 1), "BENCH_POOL="+strconv.Itoa(pool))
	return cmd, nil
}

// pythonVersions returns the versions of the Python peer's packages.
func pythonVersions() string {
	interpreter, err := python()
	if err != nil {
		return ""
	}
	out, err := runPython(interpreter, `import fastapi, sqlalchemy, asyncpg, uvicorn, platform
print(f"Python {platform.python_version()}, FastAPI {fastapi.__version__}, SQLAlchemy {sqlalchemy.__version__}, asyncpg {asyncpg.__version__}, Uvicorn {uvicorn.__version__}, one process")`)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// runPython runs a short program and returns its output.
func runPython(interpreter, program string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, interpreter, "-I", "-c", program).Output()
}
