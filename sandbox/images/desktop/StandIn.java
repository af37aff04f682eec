import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.Dimension;
import java.awt.Font;
import java.awt.Graphics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Toolkit;
import java.awt.event.MouseAdapter;
import java.awt.event.MouseEvent;
import java.awt.event.MouseWheelEvent;
import java.awt.image.BufferedImage;
import java.io.File;
import javax.imageio.ImageIO;
import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JComponent;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JTextField;
import javax.swing.SwingUtilities;
import javax.swing.WindowConstants;

/**
 * A small window in a scientific application's place: a text field, a button that changes a colour, and a map
 * that moves at 60 Hz while its button is pressed in. Every frame of the map is known beforehand
 * ({@code --frames FOLDER} writes them), so what a browser paints can be compared with what was drawn.
 */
public final class StandIn {
    static final int MAP_WIDTH = 900;
    static final int MAP_HEIGHT = 600;
    static final int FRAMES = 60;
    static final int HERTZ = 60;
    /** Side of one of the squares, top left in the map, that hold a frame's number in binary. */
    static final int BIT = 16;
    static final int BITS = 6;

    private StandIn() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 2 && arguments[0].equals("--frames")) {
            for (int number = 0; number < FRAMES; number++) {
                ImageIO.write(draw(number), "png", new File(arguments[1], "frame-" + number + ".png"));
            }
            return;
        }
        SwingUtilities.invokeLater(StandIn::open);
    }

    private static void open() {
        String title = System.getProperty("stand-in.title", "IDV");
        long heap = Runtime.getRuntime().maxMemory() >> 20;
        JFrame frame = new JFrame(title + " (stand-in)");
        frame.setDefaultCloseOperation(WindowConstants.EXIT_ON_CLOSE);
        Map map = new Map();
        JTextField text = new JTextField(24);
        JButton animate = new JButton("Animate");
        animate.addActionListener(event -> map.toggle());
        JPanel top = new JPanel();
        top.add(new JLabel(title + " is not in this image; this window stands in. Heap " + heap + " MiB"));
        top.add(text);
        top.add(animate);
        frame.add(top, BorderLayout.NORTH);
        JPanel middle = new JPanel();
        middle.add(new Pad());
        middle.add(map);
        frame.add(middle, BorderLayout.CENTER);
        frame.setSize(1240, 740);
        frame.setExtendedState(JFrame.MAXIMIZED_BOTH);
        frame.setVisible(true);
        text.requestFocusInWindow();
    }

    /** Frame {@code number} of the map: smooth fields, sharp contours and text, all of it moving. */
    static BufferedImage draw(int number) {
        BufferedImage image = new BufferedImage(MAP_WIDTH, MAP_HEIGHT, BufferedImage.TYPE_INT_RGB);
        double phase = 2 * Math.PI * number / FRAMES;
        for (int y = 0; y < MAP_HEIGHT; y++) {
            for (int x = 0; x < MAP_WIDTH; x++) {
                double field = Math.sin(x / 70.0 + phase) + Math.cos(y / 55.0 - phase) + Math.sin((x + y) / 120.0 + phase);
                double scaled = (field + 3) / 6;
                boolean contour = Math.abs(scaled * 12 - Math.rint(scaled * 12)) < 0.04;
                float hue = (float) (0.7 * (1 - scaled));
                image.setRGB(x, y, contour ? 0x202020 : Color.HSBtoRGB(hue, 0.8f, 0.95f));
            }
        }
        Graphics2D pen = image.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        pen.setColor(Color.BLACK);
        pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        for (int station = 0; station < 24; station++) {
            int x = 40 + (station * 211 + number * MAP_WIDTH / FRAMES) % (MAP_WIDTH - 80);
            pen.drawString("KOAX " + (station * 7 % 40) + "°C", x, 60 + station * 22);
        }
        for (int bit = 0; bit < BITS; bit++) {
            pen.setColor((number >> bit & 1) == 1 ? Color.WHITE : Color.BLACK);
            pen.fillRect(bit * BIT, 0, BIT, BIT);
        }
        pen.dispose();
        return image;
    }

    /** Turns from red to green, or back, in the moment that it is pressed or the wheel turns over it. */
    private static final class Pad extends JComponent {
        private boolean on;

        Pad() {
            setPreferredSize(new Dimension(200, 200));
            setBorder(BorderFactory.createEtchedBorder());
            MouseAdapter mouse = new MouseAdapter() {
                @Override
                public void mousePressed(MouseEvent event) {
                    turn();
                }

                @Override
                public void mouseWheelMoved(MouseWheelEvent event) {
                    turn();
                }
            };
            addMouseListener(mouse);
            addMouseWheelListener(mouse);
        }

        private void turn() {
            on = !on;
            paintImmediately(0, 0, getWidth(), getHeight());
            Toolkit.getDefaultToolkit().sync();
        }

        @Override
        protected void paintComponent(Graphics pen) {
            pen.setColor(on ? new Color(0, 160, 60) : new Color(200, 40, 40));
            pen.fillRect(0, 0, getWidth(), getHeight());
        }
    }

    /** Shows one frame, or all of them in turn. */
    private static final class Map extends JComponent {
        private final BufferedImage[] frames = new BufferedImage[FRAMES];
        private volatile int number;
        private volatile boolean moving;

        Map() {
            setPreferredSize(new Dimension(MAP_WIDTH, MAP_HEIGHT));
            frames[0] = draw(0);
        }

        void toggle() {
            moving = !moving;
            if (moving) {
                new Thread(this::move, "animation").start();
            }
        }

        private void move() {
            for (int i = 1; i < FRAMES; i++) {
                frames[i] = frames[i] == null ? draw(i) : frames[i];
            }
            long next = System.nanoTime();
            while (moving) {
                number = (number + 1) % FRAMES;
                try {
                    SwingUtilities.invokeAndWait(() -> {
                        paintImmediately(0, 0, MAP_WIDTH, MAP_HEIGHT);
                        // Without this Java leaves drawing in its own queue, and the screen moves slower.
                        Toolkit.getDefaultToolkit().sync();
                    });
                    next += 1_000_000_000L / HERTZ;
                    Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
                } catch (InterruptedException | java.lang.reflect.InvocationTargetException stopped) {
                    moving = false;
                }
            }
        }

        @Override
        protected void paintComponent(Graphics pen) {
            pen.drawImage(frames[number], 0, 0, null);
        }
    }
}
