"""Anthropic's Messages: ``request`` reads (with ``_blocks`` and ``_tools``), ``stream`` and ``whole`` write
events back, ``failure`` tells errors, ``models`` lists, ``routes`` joins them. No browser here.
"""
