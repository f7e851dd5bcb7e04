"""The API role: HTTP, websockets and the live page. It holds no control logic."""
