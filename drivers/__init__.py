"""Everything that touches the world. A driver measures or acts; it never decides."""
