<?php
// A test may change what stands around one post: theme-<id>.json.
$file = getenv('TL_FOLDER') . '/theme-' . get_queried_object_id() . '.json';
$parts = (is_file($file) ? json_decode(file_get_contents($file), true) : []) + [
    'head' => '', 'before' => '', 'after' => '', 'above' => '', 'below' => '',
    'opening' => '', 'closing' => '', 'heading' => '<h1>{}</h1>', 'robots' => '',
];
if ($parts['robots']) {
    header("X-Robots-Tag: $parts[robots]");
}
?><!doctype html>
<html <?php language_attributes(); ?>>
<head><meta charset="utf-8"><title><?php wp_title(''); ?></title><?php wp_head(); echo $parts['head']; ?></head>
<body>
<?php echo $parts['before']; ?>
<header><a href="<?php echo home_url('/'); ?>">A site</a></header>
<main>
<?php while (have_posts()) : the_post(); ?>
<article><?php
echo str_replace('{}', get_the_title(), $parts['heading']), $parts['opening'], $parts['above'];
the_content();
echo $parts['below'], $parts['closing'];
?></article>
<?php endwhile; ?>
</main>
<?php wp_footer(); echo $parts['after']; ?>
</body>
</html>
